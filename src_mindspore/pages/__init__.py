"""What all pages with photos share: frame, style, templates and thumbnails."""
