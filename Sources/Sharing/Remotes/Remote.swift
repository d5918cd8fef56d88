import Foundation
import HTTP
import Store

/// A remote as a command knows it: where its commits are, and where its objects are.
package struct Remote: Sendable {
    package let address: RemoteAddress
    /// A person may see it.
    package var label: String { address.text }
    let repository: RemoteRepository
    /// What policies may call it.
    var addresses: [String] { [address.text] + repository.addresses }
    /// `nil` where only the commits' place is known.
    let objects: (any RemoteObjects)?

    /// What a person should know of the way there.
    package let warnings: [String]

    /// Resolves a remote.
    ///
    /// - Parameters:
    ///   - name: a remote of the store's git configuration, a path or an address; `origin` where `nil`.
    ///   - objectServer: a Git LFS server; else the configuration's, else the one that the address gives.
    ///   - environment: where proxies and the authorities of servers' certificates are looked up.
    package init(
        _ name: String?, objectServer: String? = nil, for store: Store, use: RemoteUse = .receiving,
        retries: Retries = Retries(), environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws {
        let configuration = store.gitConfiguration
        let rewriting = AddressRewriting(configuration)
        let configured = configuration.address(ofRemote: name ?? "origin", for: use)
        guard let text = configured?.text ?? name else { throw SharingError.noRemote }
        let meant = rewriting.meant(by: text, for: use, isForPushes: configured?.isForPushes ?? false)
        address = try RemoteAddress(meant)
        var setting = objectServer
        if configured != nil { setting = setting ?? configuration.value("remote.\(name ?? "origin").lfsurl") }
        let settings = NetworkSettings(environment: environment, git: configuration.pairs)
        var warnings: [String] = []

        /// The objects at an address: those of a Git LFS server, or of a repository on this machine.
        func objects(at text: String) throws -> any RemoteObjects {
            let address = try RemoteAddress(rewriting.meant(by: text, for: use))
            switch address.place {
            case .http(let url):
                return LFSServer(
                    LoginServer(url, credentials: Credentials(of: address, for: url), settings: settings), retries: retries)
            case .path(let path): return try Self.objects(of: Self.repository(at: path, named: text))
            case .ssh: throw SharingError.noObjectServer(remote: address.text)
            }
        }
        switch address.place {
        case .path(let path):
            let folder = try Self.repository(at: path, named: text)
            repository = .neighbour(folder)
            self.objects = try setting.map(objects) ?? Self.objects(of: folder)
        case .http(let url):
            let server = LoginServer(url, credentials: Credentials(of: address, for: url), settings: settings)
            repository = .server(url: url.absoluteString, login: .web(server))
            if !settings.rule(for: url).checksCertificate, url.scheme == "https" {
                warnings.append(
                    "nobody checks who answers at \(url.host(percentEncoded: false) ?? "the server"): http.sslVerify is false")
            }
            if settings.rule(for: url).proxy != nil, url.scheme == "http" {
                warnings.append(
                    "git's part of \(url.absoluteString) is asked for without the proxy, which holds for https there")
            }
            self.objects =
                try (setting ?? configuration.value("lfs.url")).map(objects)
                ?? address.discoveredServer.map { LFSServer(server.at($0), retries: retries) as any RemoteObjects }
        case .ssh(let url):
            repository = .server(url: url, login: .keys)
            self.objects = try (setting ?? configuration.value("lfs.url")).map(objects)
        }
        self.warnings = warnings
    }

    private static func objects(of folder: URL) throws -> any RemoteObjects {
        let neighbour = try NeighbourRepository(at: folder)
        return LocalObjects(folder: neighbour.objects, repository: neighbour.folder, label: folder.path)
    }

    private static func repository(at path: URL, named text: String) throws -> URL {
        guard let folder = NeighbourRepository.place(of: path) else { throw SharingError.unknownRemote(text) }
        return folder
    }

    func remoteObjects() throws(SharingError) -> any RemoteObjects {
        guard let objects else { throw .noObjectServer(remote: label) }
        return objects
    }
}

/// Where a remote is, as a person names it.
package struct RemoteAddress: Sendable {
    enum Place: Sendable {
        case path(URL)
        /// Without user and password.
        case http(URL)
        /// As libgit2 takes it: `ssh://…` or `user@host:path`.
        case ssh(String)
    }

    let place: Place
    /// Of the address itself.
    let login: Login?
    /// The user of an address without a password.
    let user: String?

    private init(_ place: Place, login: Login? = nil, user: String? = nil) {
        (self.place, self.login, self.user) = (place, login, user)
    }

    /// Reads `path`, `file://`, `http://`, `https://`, `ssh://` and `user@host:path`.
    package init(_ text: String) throws(SharingError) {
        let isPlain =
            !text.isEmpty && !text.hasPrefix("-") && text.firstMatch(of: /^[A-Za-z0-9+.-]+::/) == nil && text.utf8.count <= 4096
            && !text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
        guard isPlain else { throw .invalidAddress(Self.redacted(text)) }
        if let scheme = text.firstMatch(of: /^([A-Za-z][A-Za-z0-9+.-]*):\/\//)?.1.lowercased() {
            try self.init(text, scheme: scheme)
        } else if !FileManager.default.fileExists(atPath: text), text.wholeMatch(of: /[^\/:\s]+:[^\s]+/) != nil {
            guard text.firstMatch(of: /^([A-Za-z0-9_.-]+@)?[A-Za-z0-9.-]+:/) != nil else {
                throw .invalidAddress(Self.redacted(text))
            }
            self.init(.ssh(text))
        } else {
            self.init(.path(URL(fileURLWithPath: text).standardizedFileURL))
        }
    }

    private init(_ text: String, scheme: String) throws(SharingError) {
        guard var components = URLComponents(string: text) else { throw .invalidAddress(Self.redacted(text)) }
        // Percent-encoded ones would be decoded on the way to git's credential helpers.
        guard scheme == "file" || !text.hasControlCharacters else { throw .controlCharacters(Self.redacted(text)) }
        switch scheme {
        case "file":
            guard ["", "localhost"].contains(components.host ?? ""), components.path.hasPrefix("/") else {
                throw .invalidAddress(text)
            }
            self.init(.path(URL(fileURLWithPath: components.path).standardizedFileURL))
        case "http", "https":
            let user = components.user
            let password = components.password
            components.user = nil
            components.password = nil
            guard let host = components.host, !host.isEmpty, let url = components.url else {
                throw .invalidAddress(Self.redacted(text))
            }
            let login = if let user, let password { Login(user: user, password: password) } else { nil as Login? }
            self.init(.http(url), login: login, user: user)
        case "ssh":
            guard let host = components.host, !host.isEmpty, components.password == nil else {
                throw .invalidAddress(Self.redacted(text))
            }
            self.init(.ssh(text))
        default: throw .invalidAddress(Self.redacted(text))
        }
    }

    /// For messages and for git's configuration: without a password.
    package var text: String {
        switch place {
        case .path(let url): url.path
        case .http(let url): url.absoluteString
        case .ssh(let text): text
        }
    }

    /// `https://user@host/…`: what git's configuration may hold.
    package var textWithUser: String {
        guard case .http(let url) = place, let user, var components = URLComponents(url: url, resolvingAgainstBaseURL: false)
        else { return text }
        components.user = user
        return components.string ?? text
    }

    /// Where the Git LFS server of an address is, unless something says otherwise.
    var discoveredServer: URL? {
        guard case .http(let url) = place else { return nil }
        var text = url.absoluteString
        while text.hasSuffix("/") { text.removeLast() }
        return URL(string: text + (text.hasSuffix(".git") ? "" : ".git") + "/info/lfs")
    }

    /// Leaves out what may be a user and a password.
    static func redacted(_ text: String) -> String {
        text.replacing(/\/\/[^\/@]*@/, with: "//")
    }
}
