# Whence's own services: one image, the command says which. Upstream versions and the reasons for the layout: docs/containers.md.
ARG PYTHON_IMAGE=python:3.13.16-slim-trixie

FROM ${PYTHON_IMAGE} AS packages
# Wheels exist for everything on amd64. On arm64 `implicit` is compiled, here: no compiler reaches the image below.
RUN if [ "$(uname -m)" != x86_64 ]; then \
      apt-get update && apt-get install -y --no-install-recommends cmake g++ ninja-build && rm -rf /var/lib/apt/lists/*; \
    fi
COPY requirements.lock .
RUN python3 -m venv /opt/whence \
 && /opt/whence/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock \
 && /opt/whence/bin/pip uninstall --yes --quiet pip

FROM ${PYTHON_IMAGE}
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Whence services" \
      org.opencontainers.image.description="Recommender, trainer, simulated users and incident inbox of Whence" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/opt/whence/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MALLOC_ARENA_MAX=2 \
    PYTHONPATH=/app/monitor/src
RUN apt-get update \
 && apt-get install -y --no-install-recommends libgomp1 \
 && rm -rf /var/lib/apt/lists/*
# Named volumes take their owner from these folders: no container has to start as root to change it.
RUN echo 'whence:x:10000:10000::/app:/usr/sbin/nologin' >> /etc/passwd \
 && install -d -o 10000 -g 10000 /app/data/datasets /var/lib/incidents /var/lib/lineage \
 && install -d -o 10001 -g 10001 /volumes/collector /volumes/consumers /volumes/jaeger /volumes/thanos \
 && install -d -o 10004 -g 10004 -m 0711 /secrets && install -d -o 10004 -g 10004 /config
COPY --from=packages /opt/whence /opt/whence
COPY containers/entrypoint containers/healthy /usr/local/bin/
WORKDIR /app
COPY stack/__init__.py stack/credentials.py stack/
COPY stack/running/__init__.py stack/running/container_secrets.py stack/running/
COPY stack/scale/*.py stack/scale/
COPY prometheus prometheus
COPY jaeger/*.py jaeger/
COPY telemetry telemetry
COPY diagnosis diagnosis
COPY decisions decisions
COPY monitor/src monitor/src
COPY services services
RUN python -m compileall -q .
USER 10000:10000
EXPOSE 4319 8000 8010
ENTRYPOINT ["entrypoint"]
CMD ["python", "-m", "services.demo.recommender"]
