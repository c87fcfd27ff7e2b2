# One container is the whole product: the binary, and Debian's Postgres and Redis, which it runs as its own children.
# docs/deploy.md says how to run it, and what of this file has been proved.

FROM golang:1.26-bookworm AS build
WORKDIR /src
# The modules first: they change seldom, and their layer is kept.
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /fairseat .

FROM debian:bookworm-slim
# No cluster of the package's own: its data would lie in the image, and nobody would use it. ca-certificates is for
# mail servers and processors with TLS, tini for the orphans of a Postgres that was killed: as PID 1 it reaps them.
RUN mkdir -p /etc/postgresql-common \
 && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf \
 && apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates postgresql redis-server tini \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 fairseat \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin fairseat \
 && install -d -o fairseat -g fairseat -m 0700 /data
COPY --from=build /fairseat /usr/local/bin/fairseat
USER fairseat
ENV FAIRSEAT_HTTP__ADDR=0.0.0.0:8080 FAIRSEAT_DATA_DIR=/data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s --retries=3 CMD ["fairseat", "health"]
ENTRYPOINT ["tini", "--", "fairseat"]
CMD ["serve"]
