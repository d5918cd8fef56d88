import BuildModel
import Foundation
import Store

/// A remote as a command knows it: where its commits are, and where its objects are.
package struct Remote: Sendable {
    package let address: RemoteAddress
    /// A person may see it.
    package var label: String { address.text }
    let repository: RemoteRepository
    /// `nil` where only the commits' place is known.
    let objects: (any ObjectPlace)?

    /// Resolves a remote.
    ///
    /// - Parameters:
    ///   - name: a remote of the store's git configuration, a path or an address; `origin` where `nil`.
    ///   - objectServer: a Git LFS server; else the configuration's, else the one that the address gives.
    package init(_ name: String?, objectServer: String? = nil, for store: Store) throws {
        let configured = try store.address(ofRemote: name ?? "origin")
        guard let text = configured ?? name else { throw SharingError.noRemote }
        address = try RemoteAddress(text)
        var setting = objectServer
        if configured != nil { setting = try setting ?? store.gitSetting("remote.\(name ?? "origin").lfsurl") }
        switch address.place {
        case .path(let path):
            guard let folder = Store.repository(at: path) else { throw SharingError.unknownRemote(text) }
            repository = .neighbour(folder)
            objects =
                try setting.map { try Self.server($0) }
                ?? FolderPlace(folder: Store.objects(of: folder), label: folder.path)
        case .http(let url):
            let credentials = Credentials(of: address, for: url)
            repository = .server(url: url.absoluteString) { credentials.ask() }
            if let text = try setting ?? store.gitSetting("lfs.url") {
                objects = try Self.server(text)
            } else {
                objects = address.discoveredServer.map { LFSServer(url: $0, credentials: credentials) }
            }
        case .ssh(let url):
            repository = .server(url: url) { nil }
            objects = try (setting ?? store.gitSetting("lfs.url")).map { try Self.server($0) }
        }
    }

    private static func server(_ text: String) throws -> any ObjectPlace {
        let address = try RemoteAddress(text)
        switch address.place {
        case .http(let url): return LFSServer(url: url, credentials: Credentials(of: address, for: url))
        case .path(let path):
            guard let folder = Store.repository(at: path) else { throw SharingError.unknownRemote(text) }
            return FolderPlace(folder: try Store.objects(of: folder), label: folder.path)
        case .ssh: throw SharingError.noObjectServer(remote: address.text)
        }
    }

    func objectPlace() throws(SharingError) -> any ObjectPlace {
        guard let objects else { throw .noObjectServer(remote: label) }
        return objects
    }
}
