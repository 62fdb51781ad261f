"""Signs a model by the API, which can do more than the command: sign.py OUT METHOD HASH [SHARD_SIZE]."""

import pathlib
import sys

from model_signing import hashing, signing

out, method, algorithm, *size = sys.argv[1:]
how = hashing.Config()
if method == "shards":
    how = how.use_shard_serialization(hashing_algorithm=algorithm, shard_size=int(size[0]))
else:
    how = how.use_file_serialization(hashing_algorithm=algorithm)
signer = signing.Config().use_elliptic_key_signer(private_key=pathlib.Path("key.pem"))
signer.set_hashing_config(how).sign("model", out)
