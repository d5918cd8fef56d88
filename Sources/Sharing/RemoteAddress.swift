import Foundation
import Store

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
        self.place = place
        self.login = login
        self.user = user
    }

    /// Reads `path`, `file://`, `http://`, `https://`, `ssh://` and `user@host:path`.
    package init(_ text: String) throws(SharingError) {
        let isPlain =
            !text.isEmpty && !text.hasPrefix("-") && text.firstMatch(of: /^[A-Za-z0-9+.-]+::/) == nil && text.utf8.count <= 4096
            && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
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
