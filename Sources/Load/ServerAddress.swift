import Foundation

/// Why no load can be put on a server: a full sentence.
package struct LoadFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// A server of the OpenAI interface, reached over plain HTTP.
package struct ServerAddress: Hashable, Sendable {
    package let host: String
    package let port: Int
    /// Before the path of every request, without a slash at its end: `/v1`.
    package let path: String

    /// - Parameter url: as clients name the server, with or without its `/v1`.
    package init(_ url: String) throws(LoadFailure) {
        guard let parts = URLComponents(string: url), let host = parts.host, !host.isEmpty, parts.scheme != nil else {
            throw LoadFailure("'\(url)' is not the address of a server; write http://HOST:PORT")
        }
        guard parts.scheme?.lowercased() == "http" else {
            throw LoadFailure(
                "'\(url)' is not plain http: encryption would be measured along with the server; measure beside the server, or "
                    + "through a tunnel on this machine")
        }
        guard parts.user == nil, parts.query == nil, parts.fragment == nil else {
            throw LoadFailure("'\(url)' has more than host, port and path; a key is named with --api-key")
        }
        // An address of IPv6 stands in brackets.
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        port = parts.port ?? 80
        var path = parts.percentEncodedPath
        while path.hasSuffix("/") { path.removeLast() }
        self.path = path.isEmpty ? "/v1" : path
    }

    package init(host: String, port: Int, path: String = "/v1") { (self.host, self.port, self.path) = (host, port, path) }

    package var url: String { "http://\(authority)\(path)" }

    /// Host and port, as the header `Host` has them.
    var authority: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }

    /// Whether the server can only be on this machine.
    package var isLocal: Bool { ["localhost", "127.0.0.1", "::1"].contains(host) }
}

/// Where a server takes connections, as the kernel names it.
struct SocketAddress: Hashable, Sendable {
    let family: Int32
    private let bytes: [UInt8]

    /// The addresses of a server in the order in which they are to be tried.
    static func all(of server: ServerAddress) throws(LoadFailure) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(server.host, String(server.port), &hints, &list)
        guard code == 0 else { throw LoadFailure("\(server.host): \(String(cString: gai_strerror(code)))") }
        defer { freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var next = list
        while let entry = next?.pointee {
            let bytes = UnsafeRawBufferPointer(start: entry.ai_addr, count: Int(entry.ai_addrlen))
            found.append(SocketAddress(family: entry.ai_family, bytes: Array(bytes)))
            next = entry.ai_next
        }
        return found
    }

    /// The first address of a server that takes a connection.
    static func reachable(_ server: ServerAddress) throws(LoadFailure) -> SocketAddress {
        var reason = "it has no address"
        for address in try all(of: server) {
            let descriptor = socket(address.family, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            if address.join(descriptor) == 0 { return address }
            reason = String(cString: strerror(errno))
        }
        throw LoadFailure("no server answers at \(server.authority): \(reason)")
    }

    /// Connects a socket, as `connect(2)` does.
    func join(_ descriptor: Int32) -> Int32 {
        bytes.withUnsafeBytes { bytes in
            guard let address = bytes.baseAddress else { return -1 }
            return connect(descriptor, address.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
    }
}
