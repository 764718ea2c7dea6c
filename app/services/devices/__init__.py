"""The devices on the trolleys: keys, requests, health and firmware."""
