"""Phone numbers as a way to sign in: codes sent to them, the sign-in itself, and linking them to an account."""
