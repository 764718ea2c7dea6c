"""The extension objects, created once and bound to an application in `create_app`."""

from flask_cors import CORS
from flask_jwt_extended import JWTManager
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_sqlalchemy import SQLAlchemy

from app.models.base import Base

db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False, "autoflush": False})
jwt = JWTManager()
limiter = Limiter(key_func=get_remote_address)
cors = CORS()
