"""TODO"""

import click

commands: tuple[click.Command, ...] = ()
