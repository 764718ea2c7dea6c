"""The demo shop's past, for reports that have something to show: `flask seed --history`."""
