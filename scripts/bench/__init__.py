"""The benchmark: `python -m scripts.bench`. Each endpoint beside its floor, which is the same work with bare parts.

`cases` are the things measured; all else is what they are measured with: `stage` (the servers), `filling` (the rows),
`traffic` (the load), `rounds` (floor and ours in turn), `figures` (what came of it), `table` and `chart` (its looks).
"""
