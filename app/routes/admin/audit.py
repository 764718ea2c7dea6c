"""The audit trail."""

from flask import Blueprint, Response, stream_with_context

from app.middleware.answers import listed
from app.openapi import File, endpoint
from app.schemas.audit import AuditFilter, AuditItem, AuditQuery
from app.schemas.envelope import Listed
from app.services import audit_trail

audit = Blueprint("audit_trail", __name__)


@audit.get("/audit")
@endpoint(query=AuditQuery, answers={200: Listed[AuditItem]})
def list_audit(query: AuditQuery) -> Response:
    """List who changed what, newest first."""
    items, meta = audit_trail.page(query)
    return listed(items, meta, page_key="pagination")


@audit.get("/audit.csv")
@endpoint(query=AuditFilter, answers={200: File("text/csv", "The events as CSV, newest first.")})
def export_audit(query: AuditFilter) -> Response:
    """Download the audit trail as CSV.

    Without `date_from` it covers the last 30 days before `date_to`, or before now.
    """
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"', "Cache-Control": "no-store"}
    return Response(stream_with_context(audit_trail.export(query)), mimetype="text/csv", headers=headers)
