"""Geometry of the plots, in the units of their SVG; templates/figures.html draws them."""
