"""A picked order on its way to the customer, or back: moving it on, handing it over, cancelling it for the shop."""
