"""Carts of users and guests. They never write inventory: availability is read here and decided at checkout."""
