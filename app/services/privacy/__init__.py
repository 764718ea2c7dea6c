"""What is kept of a person: taking it along, and being forgotten. Every part is named in docs/privacy.md."""
