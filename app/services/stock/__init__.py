"""Stock by hand: edits, bulk files, requests, transfers, recounts, and what explains them."""
