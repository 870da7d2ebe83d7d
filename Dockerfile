# syntax=docker/dockerfile:1
# The command as one static binary in an empty image: no shell, no package manager, not root. docs/deploy.md says how it is
# run.
#
#   docker build -t userdir .
#   docker build -t userdir --build-arg FEATURES=okta,zoom,otel .
#
# FEATURES are those of cli/Cargo.toml: one a provider, named by its slug; `all-providers`; `otel` for traces.

FROM rust:1.95-alpine AS build
ARG FEATURES=all-providers
# the C parts: SQLite, and the assembler of ring
RUN apk add --no-cache ca-certificates gcc musl-dev
WORKDIR /src
COPY . .
# With the target named, what runs while building is not made static too. A binary that needs a library is an error here:
# the image has none.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    target=$(rustc -vV | sed -n 's/^host: //p') && \
    RUSTFLAGS='-C target-feature=+crt-static' cargo build --locked --release --target "$target" \
        -p userdir-cli --no-default-features --features "$FEATURES" && \
    mkdir -p /image/data /image/tmp && chmod 700 /image/data && chmod 1777 /image/tmp && \
    cp "target/$target/release/userdir" /image/userdir && \
    if readelf -d /image/userdir | grep NEEDED; then exit 1; fi

FROM scratch
# what TLS trusts
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /image/userdir /userdir
# of this user alone; a volume that is new takes owner and mode from here
COPY --from=build --chown=65532:65532 /image/data /data
COPY --from=build --chown=65532:65532 /image/tmp /tmp
USER 65532:65532
WORKDIR /data
ENV USERDIR_DATA_DIR=/data
VOLUME /data
EXPOSE 7070
# /healthz and /readyz are for whatever runs the container: there is nothing in here to ask them with
ENTRYPOINT ["/userdir"]
CMD ["serve", "--listen", "0.0.0.0:7070"]
