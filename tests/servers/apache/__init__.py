"""Apache httpd with mod_clientcert."""
