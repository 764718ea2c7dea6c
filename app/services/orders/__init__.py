"""What shoppers do with their orders."""
