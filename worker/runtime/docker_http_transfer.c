#include "worker/runtime/docker_http_transfer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/memory.h"

enum { TCP_KEEPALIVE_S = 30 };

static char *copy_path(const char *path, bool *failed)
{
    char *copy = path == NULL ? NULL : memory_strdup(path);
    *failed = *failed || (path != NULL && copy == NULL);
    return copy;
}

static char *make_url(const char *scheme, const char *host)
{
    size_t size = strlen(scheme) + strlen(host) + 1;
    char *url = memory_alloc(size);
    if (url != NULL) {
        (void)snprintf(url, size, "%s%s", scheme, host);
    }
    return url;
}

static bool is_host_and_port(const char *text)
{
    const char *colon = strrchr(text, ':');
    int64_t port;
    return colon != NULL && colon != text && strpbrk(text, "/?#@ ") == NULL &&
           span_to_int64(span_of(colon + 1), 1, 65535, &port);
}

int docker_endpoint_init(struct docker_endpoint *endpoint, const struct docker_http_config *config,
                         struct error *err)
{
    const char *address = config->endpoint == NULL ? "" : config->endpoint;
    bool is_unix = strncmp(address, "unix:///", strlen("unix:///")) == 0;
    bool is_tcp = strncmp(address, "tcp://", strlen("tcp://")) == 0 &&
                  is_host_and_port(address + strlen("tcp://"));
    bool failed = false;

    *endpoint = (struct docker_endpoint){0};
    if (!is_unix && !is_tcp) {
        return error_set(err, ERROR_INVALID,
                         "\"%.200s\" is not an engine's address: give unix:///PATH or "
                         "tcp://HOST:PORT",
                         address);
    }
    if (is_unix && config->tls_ca != NULL) {
        return error_set(err, ERROR_INVALID,
                         "TLS is for tcp:// addresses, but the engine's is %.200s", address);
    }
    endpoint->socket_path = copy_path(is_unix ? address + strlen("unix://") : NULL, &failed);
    endpoint->base_url = is_unix ? make_url("http://", "docker")
                                 : make_url(config->tls_ca != NULL ? "https://" : "http://",
                                            address + strlen("tcp://"));
    endpoint->tls_ca = copy_path(config->tls_ca, &failed);
    endpoint->tls_certificate = copy_path(config->tls_certificate, &failed);
    endpoint->tls_key = copy_path(config->tls_key, &failed);
    if (failed || endpoint->base_url == NULL) {
        docker_endpoint_release(endpoint);
        return error_no_memory(err, "keeping the engine's address");
    }
    return 0;
}

void docker_endpoint_release(struct docker_endpoint *endpoint)
{
    memory_free(endpoint->socket_path);
    memory_free(endpoint->base_url);
    memory_free(endpoint->tls_ca);
    memory_free(endpoint->tls_certificate);
    memory_free(endpoint->tls_key);
    *endpoint = (struct docker_endpoint){0};
}

#define SET(option, value) (curl_easy_setopt(easy, (option), (value)) == CURLE_OK)

static bool set_endpoint(CURL *easy, const struct docker_endpoint *endpoint, const char *path)
{
    char *url = make_url(endpoint->base_url, path);
    bool ok = url != NULL && SET(CURLOPT_URL, url);
    memory_free(url);
    if (endpoint->socket_path != NULL) {
        ok = ok && SET(CURLOPT_UNIX_SOCKET_PATH, endpoint->socket_path);
    }
    if (endpoint->tls_ca != NULL) {
        ok = ok && SET(CURLOPT_CAINFO, endpoint->tls_ca);
    }
    if (endpoint->tls_certificate != NULL) {
        ok = ok && SET(CURLOPT_SSLCERT, endpoint->tls_certificate);
    }
    if (endpoint->tls_key != NULL) {
        ok = ok && SET(CURLOPT_SSLKEY, endpoint->tls_key);
    }
    /* The environment's proxies are not for the engine. */
    return ok && SET(CURLOPT_PROXY, "") && SET(CURLOPT_NOPROXY, "*");
}

/* A reused connection that turns out dead makes libcurl repeat the request by itself. */
static bool set_method(CURL *easy, const char *method, const char *body)
{
    if (strcmp(method, "GET") == 0) {
        return SET(CURLOPT_HTTPGET, 1L);
    }
    return SET(CURLOPT_POST, 1L) && SET(CURLOPT_COPYPOSTFIELDS, body == NULL ? "" : body) &&
           SET(CURLOPT_FRESH_CONNECT, 1L) && SET(CURLOPT_FORBID_REUSE, 1L);
}

static bool set_headers(struct docker_transfer *transfer, const char *body)
{
    CURL *easy = transfer->easy;
    if (body == NULL) {
        return true;
    }
    transfer->headers = curl_slist_append(NULL, "Content-Type: application/json");
    return transfer->headers != NULL && SET(CURLOPT_HTTPHEADER, transfer->headers);
}

int docker_transfer_init(struct docker_transfer *transfer, const struct docker_endpoint *endpoint,
                         const char *method, const char *path, const char *body,
                         docker_write_fn *write, struct error *err)
{
    CURL *easy = curl_easy_init();

    transfer->easy = easy;
    transfer->socket_path = endpoint->socket_path;
    transfer->path = memory_strdup(path);
    if (easy == NULL || transfer->path == NULL || !set_endpoint(easy, endpoint, path) ||
        !set_method(easy, method, body) || !set_headers(transfer, body) ||
        !SET(CURLOPT_WRITEFUNCTION, write) || !SET(CURLOPT_WRITEDATA, transfer) ||
        !SET(CURLOPT_PRIVATE, transfer) || !SET(CURLOPT_ERRORBUFFER, transfer->error_text) ||
        !SET(CURLOPT_NOSIGNAL, 1L) || !SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) ||
        !SET(CURLOPT_TCP_KEEPALIVE, 1L) || !SET(CURLOPT_TCP_KEEPIDLE, (long)TCP_KEEPALIVE_S) ||
        !SET(CURLOPT_USERAGENT, "stopfleet/" STOPFLEET_VERSION)) {
        docker_transfer_release(transfer);
        return error_no_memory(err, "preparing a call of the engine");
    }
    return 0;
}

#undef SET

void docker_transfer_release(struct docker_transfer *transfer)
{
    curl_easy_cleanup(transfer->easy);
    transfer->easy = NULL;
    curl_slist_free_all(transfer->headers);
    transfer->headers = NULL;
    memory_free(transfer->path);
    transfer->path = NULL;
}

/** What to do where connect(2) on the socket fails. */
static const struct {
    int number;
    const char *remedy;
} SOCKET_REMEDIES[] = {
    {EACCES, "run this as root or in the socket's group"},
    {EPERM, "run this as root or in the socket's group"},
    {ENOENT, "start the engine, or name its socket with --docker-endpoint"},
    {ENOTDIR, "name the engine's socket with --docker-endpoint"},
    {ECONNREFUSED, "nobody listens there: start the engine"},
    {ENOTSOCK, "name the engine's socket with --docker-endpoint"},
};

/* libcurl names a port here, also for a socket, and not why. */
static bool say_socket(struct docker_transfer *transfer)
{
    long number = 0;
    const char *remedy = "is the engine running?";
    if (curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &number) != CURLE_OK || number == 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof SOCKET_REMEDIES / sizeof *SOCKET_REMEDIES; i++) {
        if (SOCKET_REMEDIES[i].number == (int)number) {
            remedy = SOCKET_REMEDIES[i].remedy;
        }
    }
    (void)snprintf(transfer->error_text, sizeof transfer->error_text, "%.107s: %s (%s)",
                   transfer->socket_path, strerror((int)number), remedy);
    return true;
}

const char *docker_transfer_error(struct docker_transfer *transfer, CURLcode code)
{
    if (code == CURLE_COULDNT_CONNECT && transfer->socket_path != NULL && say_socket(transfer)) {
        return transfer->error_text;
    }
    return transfer->error_text[0] != '\0' ? transfer->error_text : curl_easy_strerror(code);
}

bool docker_transfer_was_sent(const struct docker_transfer *transfer)
{
    long request_bytes = 0;
    return curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &request_bytes) != CURLE_OK ||
           request_bytes > 0;
}

long docker_transfer_status(const struct docker_transfer *transfer)
{
    long status = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}
