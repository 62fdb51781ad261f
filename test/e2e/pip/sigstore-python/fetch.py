"""URL ROOT: reads a TUF repository as sigstore-python does and prints what it got, as JSON.

The cache is below XDG_DATA_HOME and XDG_CACHE_HOME.
"""

import json
import sys
from pathlib import Path

from sigstore._internal.trust import KeyringPurpose
from sigstore._internal.tuf import TrustUpdater
from sigstore.models import ClientTrustConfig

url, root = sys.argv[1], Path(sys.argv[2])
updater = TrustUpdater(url, bootstrap_root=root)
config = ClientTrustConfig.from_tuf(url, bootstrap_root=root)
# Its own classes take the files: keys are loaded, services selected.
logs = len(config.trusted_root.rekor_keyring(KeyringPurpose.VERIFY)._keyring)
config.trusted_root.ct_keyring(KeyringPurpose.VERIFY)
certificates = len(config.trusted_root.get_fulcio_certs())
authorities = len(config.trusted_root.get_timestamp_authorities())
config.signing_config.get_tlogs()
print(
    json.dumps(
        {
            "trustedRoot": Path(updater.get_trusted_root_path()).read_text(),
            "signingConfig": Path(updater.get_signing_config_path()).read_text(),
            "logs": logs,
            "certificates": certificates,
            "authorities": authorities,
        }
    )
)
