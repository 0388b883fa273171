#!/bin/sh
# Verifies a webhook of Tallyman with openssl.
#
# WEBHOOK_SECRET=whsec_... ./verify.sh WEBHOOK_ID WEBHOOK_TIMESTAMP WEBHOOK_SIGNATURE < body
set -eu
id=$1 timestamp=$2 signatures=$3
tolerance=300 # seconds; an older request may be a replay

age=$(($(date +%s) - timestamp))
if [ "$age" -gt "$tolerance" ] || [ "$age" -lt "-$tolerance" ]; then
  echo "refused: the timestamp is too old, or too new" >&2
  exit 1
fi
key=$(printf %s "${WEBHOOK_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
expected=v1,$({
  printf '%s.%s.' "$id" "$timestamp"
  cat
} | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
# While a secret is being replaced there are several signatures, one per secret.
for signature in $signatures; do
  if [ "$signature" = "$expected" ]; then
    echo verified
    exit 0
  fi
done
echo "refused: no signature is right" >&2
exit 1
