"""The alert inbox: webhooks in, incidents kept on disk, web page and API out."""
