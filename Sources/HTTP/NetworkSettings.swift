import Foundation

/// How a server is reached.
package struct ConnectionRule: Hashable, Sendable {
    /// A file and a folder of certificates: the authorities that count instead of the system's.
    package var authorityFile: String?
    package var authorityFolder: String?
    /// Whether the server's certificate must be signed by one of them.
    package var checksCertificate = true
    /// An address; `nil` for none.
    package var proxy: String?

    package init() {}

    /// What to tell a person whose server has a certificate of an authority that nobody named.
    package func unknownAuthority(of url: URL) -> String {
        let host = (url.host(percentEncoded: false) ?? "HOST") + (url.port.map { ":\($0)" } ?? "")
        let known = authorityFile ?? authorityFolder ?? "this machine"
        return
            "its certificate is not for this host, or signed by no authority that \(known) knows; to name the authority's file: "
            + "git config --global http.https://\(host)/.sslCAInfo FILE, or set SSL_CERT_FILE"
    }

    package var unreadableAuthorities: String {
        let places = [authorityFile, authorityFolder].compactMap { $0 }.joined(separator: " and ")
        return "the certificates of authorities in \(places) cannot be read"
    }
}

/// The settings of git and of curl that say how servers are reached. Git's part of a remote, its files, sources and models
/// behind servers all follow them.
///
/// | what | the first that is set |
/// |---|---|
/// | authorities | `GIT_SSL_CAINFO` and `GIT_SSL_CAPATH`, `http.sslCAInfo` and `http.sslCAPath`, `CURL_CA_BUNDLE`, `SSL_CERT_FILE` and `SSL_CERT_DIR` |
/// | no check | `GIT_SSL_NO_VERIFY`, `http.sslVerify` |
/// | proxy | `http.proxy`, `https_proxy` and `HTTPS_PROXY` (`http_proxy` for http), `all_proxy` and `ALL_PROXY`; not for hosts of `no_proxy` and `NO_PROXY` |
package struct NetworkSettings: Sendable {
    private let environment: [String: String]
    private let git: [(name: String, value: String)]

    /// - Parameter git: git's settings, the narrowest last; names in lower case but for what stands between the dots.
    package init(
        environment: [String: String] = ProcessInfo.processInfo.environment, git: [(name: String, value: String)] = []
    ) {
        self.environment = environment
        self.git = git.filter { $0.name.hasPrefix("http.") }
    }

    package func rule(for url: URL) -> ConnectionRule {
        var rule = ConnectionRule()
        let authorities = [
            (variable("GIT_SSL_CAINFO"), variable("GIT_SSL_CAPATH")), (path("sslcainfo", url), path("sslcapath", url)),
            (variable("CURL_CA_BUNDLE"), nil), (variable("SSL_CERT_FILE"), certificateFolder),
        ]
        if let (file, folder) = authorities.first(where: { $0.0 != nil || $0.1 != nil }) {
            (rule.authorityFile, rule.authorityFolder) = (file, folder)
        }
        let verify = value("sslverify", url)?.lowercased()
        rule.checksCertificate =
            environment["GIT_SSL_NO_VERIFY"] == nil && !["false", "no", "off", "0", ""].contains(verify ?? "true")
        rule.proxy = proxy(for: url)
        return rule
    }

    /// Whether a first redirection may be followed.
    package func followsRedirections(of url: URL) -> Bool {
        !["false", "no", "off", "0", ""].contains(value("followredirects", url)?.lowercased() ?? "initial")
    }

    /// `SSL_CERT_DIR` may name several folders, and some that are not there.
    private var certificateFolder: String? {
        variable("SSL_CERT_DIR")?.split(separator: ":").map(String.init).first { access($0 + "/.", R_OK) == 0 }
    }

    private func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// `http.key`, or the one of `http.<url>.key` that says most of an address; the last of several that say as much.
    private func value(_ key: String, _ url: URL) -> String? {
        var best: (weight: [Int], value: String)?
        for entry in git where entry.name.hasSuffix("." + key) {
            let middle = entry.name.dropFirst("http.".count).dropLast(key.count + (entry.name == "http." + key ? 0 : 1))
            guard let weight = middle.isEmpty ? [0, 0, 0] : URLPattern(String(middle))?.weight(for: url) else { continue }
            if best == nil || !weight.lexicographicallyPrecedes(best?.weight ?? []) { best = (weight, entry.value) }
        }
        return best?.value
    }

    private func path(_ key: String, _ url: URL) -> String? {
        guard let path = value(key, url), !path.isEmpty else { return nil }
        return path.hasPrefix("~/") ? (environment["HOME"] ?? "") + path.dropFirst() : path
    }

    // MARK: Proxies

    private func proxy(for url: URL) -> String? {
        let isEncrypted = url.scheme?.lowercased() == "https"
        // Curl does not read `HTTP_PROXY`: a web server sets it to what a stranger sent.
        let names = (isEncrypted ? ["https_proxy", "HTTPS_PROXY"] : ["http_proxy"]) + ["all_proxy", "ALL_PROXY"]
        guard let proxy = value("proxy", url) ?? names.lazy.compactMap({ environment[$0] }).first, !proxy.isEmpty,
            !isExempt(url.host(percentEncoded: false)?.lowercased() ?? "")
        else { return nil }
        return proxy.contains("://") ? proxy : "http://" + proxy
    }

    private func isExempt(_ host: String) -> Bool {
        let host = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]."))
        let list = environment["no_proxy"] ?? environment["NO_PROXY"] ?? ""
        return list.split(whereSeparator: { $0 == "," || $0 == " " }).contains { part in
            if part == "*" { return true }
            let name = part.lowercased().trimmingCharacters(in: CharacterSet(charactersIn: "[]."))
            return host == name || host.hasSuffix("." + name) || Self.isInNetwork(host, name)
        }
    }

    /// Whether an address of the fourth version lies in a network such as `10.0.0.0/8`.
    private static func isInNetwork(_ host: String, _ network: String) -> Bool {
        let parts = network.split(separator: "/")
        var (address, base) = (in_addr(), in_addr())
        guard parts.count == 2, let bits = UInt32(parts[1]), (1...32).contains(bits), inet_pton(AF_INET, host, &address) == 1,
            inet_pton(AF_INET, String(parts[0]), &base) == 1
        else { return false }
        return UInt32(bigEndian: address.s_addr ^ base.s_addr) >> (32 - bits) == 0
    }
}

/// The address in a setting such as `http.https://*.example.com/models.proxy`.
private struct URLPattern {
    private let components: URLComponents
    private let labels: [Substring]

    init?(_ text: String) {
        // A star is no part of a host.
        guard let components = URLComponents(string: text.replacing("*", with: "_any_")), let host = components.host else {
            return nil
        }
        self.components = components
        labels = host.lowercased().split(separator: ".")
    }

    /// How much the pattern says of an address: characters of the host, then of the path, then of the user; `nil` where it is
    /// another address.
    func weight(for url: URL) -> [Int]? {
        guard let scheme = components.scheme?.lowercased(), scheme == url.scheme?.lowercased(),
            let host = url.host(percentEncoded: false)?.lowercased().split(separator: "."), host.count == labels.count,
            zip(labels, host).allSatisfy({ $0 == "_any_" || $0 == $1 })
        else { return nil }
        let standard = ["http": 80, "https": 443][scheme]
        guard (components.port ?? standard) == (url.port ?? standard) else { return nil }
        if let user = components.user, user != url.user(percentEncoded: false) { return nil }
        var path = components.path
        while path.hasSuffix("/") { path.removeLast() }
        guard path.isEmpty || url.path == path || url.path.hasPrefix(path + "/") else { return nil }
        let exact = labels.reduce(0) { $0 + ($1 == "_any_" ? 0 : $1.count + 1) }
        return [exact + 1, path.utf8.count, components.user == nil ? 0 : 1]
    }
}
