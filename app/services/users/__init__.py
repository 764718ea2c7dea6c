"""Users as managers and admins see and change them."""
