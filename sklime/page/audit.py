"""HTML of a described audit, from a template."""

from sklime.page.rendering import _asset, _environment


def render_audit(section):
    """Render a described audit as HTML for a notebook, without a script or ids.

    Parameters
    ----------
    section : dict
        What `sklime.explanation.view.audit.audit_section` gives.

    Returns
    -------
    str
        A ``div``. Names are escaped.
    """
    template = _environment().get_template("audit_notebook.html.jinja")
    return template.render(audit=section, style=_asset("view.css") + _asset("audit.css"))
