"""Vendors' money on its way to their banks. Sending it is a person's act at the bank; here stands what they did."""
