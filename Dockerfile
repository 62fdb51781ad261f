# One node of the log: docs/container.md.

# The tag is for people, the digest (an index of all architectures) is what is fetched. A newer one, both changed together:
# docker buildx imagetools inspect node:24-trixie-slim
FROM node:24.21.0-trixie-slim@sha256:8ec5d7557396cfe32d21c3f9c13072355ceab22b584578ca4bb28af31120cffe AS base

FROM base AS build
WORKDIR /app
COPY package.json package-lock.json ./
# The optional dependencies are of tools/: a Node for machines without one, a PostgreSQL for tests. No install script runs: SQLite is prebuilt.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund && rm package-lock.json
# Nine tenths of SQLite's package are its sources and its builds for other systems. What is left must load.
RUN rm -r node_modules/better-sqlite3/deps \
    && find node_modules/better-sqlite3/prebuilds -type f ! -name "linux-$(node -p process.arch).node" -delete \
    && node -e "new (require('better-sqlite3'))(':memory:').close()"
COPY LICENSE ./
COPY migrations ./migrations
COPY src ./src
# Whatever the checkout's umask: everybody reads, nobody but root writes.
RUN chmod -R u=rwX,go=rX .

FROM base
LABEL org.opencontainers.image.title="Colophon" \
      org.opencontainers.image.description="A transparency log for software and model artifacts: one process, one file, every answer checkable." \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production \
    COLOPHON_LISTEN=0.0.0.0:3000 \
    COLOPHON_DATA=/data \
    COLOPHON_RATCHET=/ratchet
# A new named volume takes owner and mode from here.
RUN install --directory --owner=1000 --group=1000 --mode=0700 /data /ratchet
COPY --from=build /app /app
WORKDIR /app
# `node` in the base, by number: Kubernetes' runAsNonRoot believes no name.
USER 1000:1000
VOLUME ["/data", "/ratchet"]
EXPOSE 3000
STOPSIGNAL SIGTERM
# A big log is read before it is served: within the start period a failure does not count.
HEALTHCHECK --interval=10s --timeout=5s --start-period=5m --start-interval=1s --retries=3 \
    CMD ["node", "--input-type=module", "--eval", "process.exit((await fetch('http://127.0.0.1:3000/readyz')).ok ? 0 : 1)"]
ENTRYPOINT ["node", "/app/src/main.ts"]
CMD ["serve"]
