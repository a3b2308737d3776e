// Verifies two clients in C++, with handles that free themselves. The folder is the argument.

#include <clientcert.h>

#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>

namespace {

template <auto free>
struct Free {
    template <typename Handle>
    void operator()(Handle *handle) const {
        free(handle);
    }
};

using Config = std::unique_ptr<clientcert_config, Free<clientcert_config_free>>;
using Verifier = std::unique_ptr<clientcert_verifier, Free<clientcert_verifier_free>>;
using Verdict = std::unique_ptr<clientcert_verdict, Free<clientcert_verdict_free>>;

constexpr std::int64_t moment = 1780272000;

std::string read(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

int main(int, char **argv) {
    const std::string folder = argv[1];
    const Config config(clientcert_config_new());
    clientcert_verifier *made = nullptr;
    clientcert_error *error = nullptr;
    if (clientcert_config_set(config.get(), "mode", "require", &error) != CLIENTCERT_OK ||
        clientcert_config_set(config.get(), "ca", (folder + "/ca.pem").c_str(), &error) != CLIENTCERT_OK ||
        clientcert_verifier_new(config.get(), &made, &error) != CLIENTCERT_OK) {
        std::cerr << clientcert_error_message(error) << '\n';
        clientcert_error_free(error);
        return 1;
    }
    const Verifier verifier(made);
    for (const char *name : {"good.der", "expired.der"}) {
        const std::string chain = read(folder + "/" + name);
        const auto *bytes = reinterpret_cast<const std::uint8_t *>(chain.data());
        const Verdict verdict(clientcert_verify(verifier.get(), bytes, chain.size(), moment));
        std::cout << name;
        if (clientcert_verdict_verified(verdict.get()) != 0)
            std::cout << " SUCCESS " << clientcert_verdict_get(verdict.get(), "ssl_client_s_dn", nullptr) << '\n';
        else
            std::cout << " FAILED " << clientcert_reason_name(clientcert_verdict_reason(verdict.get(), 0)) << '\n';
    }
    return 0;
}
