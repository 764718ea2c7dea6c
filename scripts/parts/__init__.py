"""The servers production consists of, as children of a script that owns them: PostgreSQL, PgBouncer, Redis, web.

Each keeps its files in a folder of the script's (`workspace`), listens on 127.0.0.1 only, and ends with the script,
however that ends.
"""
