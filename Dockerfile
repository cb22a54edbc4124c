# Build: docker build -t delebot .
# Run:   docker run -d --name delebot --restart unless-stopped --stop-timeout 25 -v "$PWD/config:/config:ro" -v delebot:/data delebot
# Two, on PostgreSQL: compose.yaml and config/kubernetes, as docs/replicas.md tells.
# User 10001 of the container must be able to read the configuration: sudo chown -R 10001 config

FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml constraints.txt LICENSE ./
COPY bot ./bot
# The environment gets no pip of its own: nothing is installed into it later.
RUN python -m venv --without-pip /opt/delebot \
    && pip --python /opt/delebot/bin/python install --no-cache-dir --constraint constraints.txt '.[apprise,postgres]'

FROM python:3.13-slim
# A named volume takes over the owner and mode that the folder has here.
RUN useradd --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin delebot \
    && install --directory --owner=delebot --group=delebot --mode=0700 /data
COPY --from=build /opt/delebot /opt/delebot
ENV PATH="/opt/delebot/bin:$PATH" \
    PYTHONUNBUFFERED=1 \
    DELEBOT_CONFIG=/config \
    DELEBOT_STATE=/data
USER 10001
VOLUME ["/data"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=60s --timeout=15s --start-period=60s CMD ["delebot", "status", "--alive"]
ENTRYPOINT ["delebot"]
CMD ["run"]
