from flask import Blueprint

public = Blueprint("store_public", __name__)
mine = Blueprint("store_mine", __name__)
