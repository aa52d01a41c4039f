"""The page of ``soundini web``: Gradio's blocks, and the few parts that Gradio has not."""

from soundini.web.page.page import Page as Page
from soundini.web.page.page import build_page as build_page
