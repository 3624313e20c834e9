# syntax=docker/dockerfile:1

# ---- build: Debian's packages, the same list as ./dev uses
FROM debian:bookworm AS build
WORKDIR /source

COPY tools/setup tools/environment.sh tools/
RUN tools/setup build && rm -rf /var/lib/apt/lists/*

COPY . .
ARG COMMIT=unknown
RUN --mount=type=cache,target=/ccache \
    export CCACHE_DIR=/ccache \
    && ./dev configure-tree release "-DRELAY_COMMIT=$COMMIT" \
    && ./dev build-tree release socket-relay \
    && install -D --strip --mode=755 build/release/socket-relay /image/socket-relay \
    && tools/runtime_packages /image/socket-relay > /image/packages

# ---- what runs: the program and the libraries that it loads; no compiler, no Node
FROM debian:bookworm-slim
ARG VERSION=0.1.0
ARG COMMIT=unknown
LABEL org.opencontainers.image.title="Socket Relay" \
      org.opencontainers.image.description="A native Socket.IO relay: backends publish over HTTP, clients listen over Socket.IO" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$COMMIT"

COPY --from=build /image/packages /tmp/packages
RUN apt-get update \
    && xargs apt-get install -y --no-install-recommends ca-certificates < /tmp/packages \
    && rm -rf /var/lib/apt/lists/* /tmp/packages \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin relay \
    && install -d -o relay -g relay /var/lib/socket-relay

COPY --from=build /image/socket-relay /usr/local/bin/socket-relay

USER 10001
WORKDIR /var/lib/socket-relay
EXPOSE 4000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 CMD ["socket-relay", "healthcheck"]
ENTRYPOINT ["socket-relay"]
CMD ["serve"]
