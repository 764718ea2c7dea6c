"""The signed-in user's own data: profile, addresses, means of payment, membership."""

from flask import Blueprint, Response

from app.middleware.answers import answer
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.addresses import AddressAnswer, AddressChange, AddressLocation, NewAddress
from app.schemas.envelope import Message
from app.schemas.payment_tokens import NewPaymentToken, SavedPaymentToken
from app.schemas.profile import Membership, MembershipChange, PhoneChange, Profile, ProfileChange
from app.services import addresses, payment_tokens, profile
from app.services.phone.numbers import PhoneIsSignIn

me = Blueprint("me", __name__)


@me.get("")
@endpoint(answers={200: Profile})
def show_profile() -> Response:
    """Show the signed-in user's profile."""
    return answer(profile.show(current_caller()))


@me.patch("")
@endpoint(body=ProfileChange, answers={200: Profile}, errors=(PhoneIsSignIn,))
def change_profile(body: ProfileChange) -> Response:
    """Change name, phone or language; what is left out stays."""
    return answer(profile.change(body, current_caller()))


@me.patch("/phone")
@endpoint(body=PhoneChange, answers={200: Profile}, errors=(PhoneIsSignIn,))
def change_phone(body: PhoneChange) -> Response:
    """Change the phone number; spaces, dots, dashes and brackets are dropped."""
    return answer(profile.change_phone(body, current_caller()))


@me.get("/membership")
@endpoint(answers={200: Membership})
def show_membership() -> Response:
    """Show the membership tier."""
    return answer(profile.show_membership(current_caller()))


@me.post("/membership")
@endpoint(body=MembershipChange, answers={200: Membership})
def change_membership(body: MembershipChange) -> Response:
    """Join or leave a membership tier."""
    return answer(profile.change_membership(body, current_caller()))


@me.get("/addresses")
@endpoint(answers={200: list[AddressAnswer]})
def list_addresses() -> Response:
    """List the addresses, the default first, then newest first."""
    return answer(addresses.list_own(current_caller()))


@me.post("/addresses")
@endpoint(body=NewAddress, answers={201: AddressAnswer}, errors=(addresses.TooManyAddresses,))
def create_address(body: NewAddress) -> Response:
    """Keep an address; the first one becomes the default."""
    return answer(addresses.create(body, current_caller()), status=201)


@me.put("/addresses/<int:address_id>")
@endpoint(body=AddressChange, answers={200: AddressAnswer}, errors=(addresses.AddressNotFound,))
def change_address(address_id: int, body: AddressChange) -> Response:
    """Change the text of an address; what is left out stays."""
    return answer(addresses.change(body, current_caller(), address_id=address_id))


@me.delete("/addresses/<int:address_id>")
@endpoint(answers={200: Message}, errors=(addresses.AddressNotFound,))
def delete_address(address_id: int) -> Response:
    """Delete an address; of the others the newest takes over as default."""
    addresses.delete(current_caller(), address_id=address_id)
    return answer(Message(message="The address is deleted."))


@me.patch("/addresses/<int:address_id>/default")
@endpoint(answers={200: AddressAnswer}, errors=(addresses.AddressNotFound,))
def make_address_default(address_id: int) -> Response:
    """Make an address the only default."""
    return answer(addresses.make_default(current_caller(), address_id=address_id))


@me.patch("/addresses/<int:address_id>/location")
@endpoint(body=AddressLocation, answers={200: AddressAnswer}, errors=(addresses.AddressNotFound,))
def locate_address(address_id: int, body: AddressLocation) -> Response:
    """Put an address on the map."""
    return answer(addresses.locate(body, current_caller(), address_id=address_id))


@me.get("/payment-tokens")
@endpoint(answers={200: list[SavedPaymentToken]})
def list_payment_tokens() -> Response:
    """List the saved means of payment, the default first, then newest first."""
    return answer(payment_tokens.list_own(current_caller()))


@me.post("/payment-tokens")
@endpoint(
    body=NewPaymentToken,
    answers={201: SavedPaymentToken},
    errors=(
        payment_tokens.CardNumbersRefused,
        payment_tokens.UnknownProviderToken,
        payment_tokens.PaymentProviderSilent,
        payment_tokens.TooManyPaymentTokens,
    ),
)
def create_payment_token(body: NewPaymentToken) -> Response:
    """Save a means of payment; the first one becomes the default.

    Card numbers are taken by the sandbox alone, and kept nowhere. With a real provider, hand the card to the provider
    and send the `provider_token` it answers with.
    """
    return answer(payment_tokens.create(body, current_caller()), status=201)


@me.delete("/payment-tokens/<int:payment_token_id>")
@endpoint(answers={200: Message}, errors=(payment_tokens.PaymentTokenNotFound,))
def delete_payment_token(payment_token_id: int) -> Response:
    """Stop using a means of payment; of the others the newest takes over as default."""
    payment_tokens.delete(current_caller(), payment_token_id=payment_token_id)
    return answer(Message(message="The payment token is deleted."))


@me.patch("/payment-tokens/<int:payment_token_id>/default")
@endpoint(answers={200: SavedPaymentToken}, errors=(payment_tokens.PaymentTokenNotFound,))
def make_payment_token_default(payment_token_id: int) -> Response:
    """Make a means of payment the only default."""
    return answer(payment_tokens.make_default(current_caller(), payment_token_id=payment_token_id))
