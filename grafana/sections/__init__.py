"""Groups of panels that belong together, each panel a function; dashboards choose and order them."""
