# Reef's own image: controller, gateways and pack hosts. No compiler is in it, and no location's code.
#   docker build -t registry.example/dagster-reef:0.1.0 .
ARG PYTHON_IMAGE=python:3.12-slim

FROM ${PYTHON_IMAGE} AS build
RUN pip install --no-cache-dir uv
WORKDIR /build
COPY requirements.lock ./
COPY pyproject.toml README.md LICENSE CHANGELOG.md ./
COPY src src
COPY docs docs
# The lock file has more than Reef's image needs, so it says versions, not what to install.
RUN sed -e 's/ *\\$//' -e '/^ *--hash/d' -e '/^ *#/d' requirements.lock > versions.txt \
 && uv venv /opt/reef \
 && uv pip install --python /opt/reef/bin/python --no-cache --compile-bytecode \
      --constraint versions.txt '.[kubernetes]'

FROM ${PYTHON_IMAGE}
COPY --from=build /opt/reef /opt/reef
ENV PATH=/opt/reef/bin:$PATH \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /tmp
ENTRYPOINT ["reef"]
