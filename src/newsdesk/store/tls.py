"""TLS to PostgreSQL: remedies where the connection fails."""

VERIFY = "?sslmode=verify-full&sslrootcert=FILE behind the address, or PGSSLMODE and PGSSLROOTCERT"

# What libpq and PostgreSQL say, and what helps. How certificates are made: docs/deployment.md.
_FIXES = {
    "certificate verify failed": "The server's certificate has ended, or another authority signed it. Renew it, or let "
    "sslrootcert name the certificate of the authority that did.",
    "does not match host name": "Name the server in the address as its certificate does, or make one that has this "
    "name, too: DATABASE_HOSTS=NAME scripts/setup_env.sh --renew-database-certificate.",
    "root certificate file": "Let sslrootcert (or PGSSLROOTCERT) name the certificate of the database's authority, "
    "which scripts/setup_env.sh --production makes: database_ca.",
    "no encryption": f"It takes encrypted connections alone: {VERIFY}.",
    "server does not support SSL": "Turn TLS on in PostgreSQL (ssl=on, with a certificate), or ask another server.",
}


def tls_fix(message: str) -> str | None:
    """What helps, where a connection failed for its encryption; None where it failed for something else."""
    return next((fix for pattern, fix in _FIXES.items() if pattern in message), None)
