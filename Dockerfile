# One static binary in an empty image. Build with `docker build -t kubedouble .`

FROM rust:1.95.0-bookworm AS build
# The image's own toolchain: rust-toolchain.toml would fetch rustfmt and clippy too.
ENV RUSTUP_TOOLCHAIN=1.95.0
WORKDIR /src
COPY . .
# A static binary needs its target named, or build scripts and macros would be linked statically as well.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    target="$(rustc -vV | sed -n 's/^host: //p')" \
    && RUSTFLAGS='-C target-feature=+crt-static' cargo build --release --locked --bin kubedouble --target "$target" \
    && cp "target/$target/release/kubedouble" /kubedouble \
    && mkdir /data

FROM scratch
COPY --from=build /kubedouble /kubedouble
# A new volume takes over the owner of the directory it is mounted on.
COPY --from=build --chown=65532:65532 /data /data
USER 65532:65532
# SQLite puts temporary files here, as there is no /tmp.
WORKDIR /data
VOLUME /data
EXPOSE 8080
# Everybody who reaches the port may come in; what is published where decides who that is.
ENV KUBEDOUBLE_ANONYMOUS_AUTH=true
ENTRYPOINT ["/kubedouble", "--bind-address", "0.0.0.0"]
CMD ["--data", "/data/kubedouble.db"]
