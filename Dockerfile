# soundini on a CPU. Not built where it was written: there was no Docker. See docs/containers.md.
FROM python:3.12-slim
ENV PIP_NO_CACHE_DIR=1 PYTHONUNBUFFERED=1 SOUNDINI_HOME=/work/.soundini HOME=/tmp
COPY . /src
RUN pip install --index-url https://download.pytorch.org/whl/cpu torch torchvision && pip install "/src[demo,web,cluster]"
WORKDIR /work
ENTRYPOINT ["soundini"]
CMD ["--help"]
