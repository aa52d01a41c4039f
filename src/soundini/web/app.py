"""The server as an ASGI application: the guard round everything, the HTTP API, and the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import gradio as gr


OwnerOf = Callable[["gr.Request"], str]
"""Who sits before the page; raises a :class:`soundini.errors.ConfigError` that asks to reload the page where nobody knows."""

# The page is ``soundini.web.page.build_page(service: EditService, owner_of: OwnerOf) -> soundini.web.page.Page``;
# ``Page`` is a frozen dataclass of ``blocks: gr.Blocks`` and ``mount: dict[str, Any]``, which is handed on to
# gr.mount_gradio_app (theme, css, head, js, i18n). Media are played from our own routes, which look at the cookie:
#   /api/v1/files/{id}/content, /api/v1/jobs/{id}/video, /api/v1/jobs/{id}/source, /api/v1/jobs/{id}/recipe,
#   /api/v1/jobs/{id}/preview.png, /api/v1/overlays/{name}.mp4 (name: stem of what mask_overlay returned)
