import Foundation

/// A socket that takes connections.
package struct ListeningSocket {
    package struct Address: Hashable, Sendable, CustomStringConvertible {
        /// A name or a number: `127.0.0.1`, `::1`, `localhost`.
        package var host: String
        /// 0 for any that is free.
        package var port: Int

        package init(host: String, port: Int) { (self.host, self.port) = (host, port) }

        package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    let descriptor: Int32
    /// With the port that the system chose.
    let address: Address

    init(at place: Address) throws(ListeningFailure) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var list: UnsafeMutablePointer<addrinfo>?
        let failure = getaddrinfo(place.host, String(place.port), &hints, &list)
        guard failure == 0, let found = list?.pointee else {
            throw ListeningFailure(address: place, reason: String(cString: gai_strerror(failure)))
        }
        defer { freeaddrinfo(list) }
        descriptor = socket(
            found.ai_family, found.ai_socktype | Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), found.ai_protocol)
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard descriptor >= 0, bind(descriptor, found.ai_addr, found.ai_addrlen) == 0, listen(descriptor, 4096) == 0 else {
            let reason = String(cString: strerror(errno))
            if descriptor >= 0 { Glibc.close(descriptor) }
            throw ListeningFailure(address: place, reason: reason)
        }
        address = Address(host: place.host, port: Self.port(of: descriptor) ?? place.port)
    }

    func close() { Glibc.close(descriptor) }

    private static func port(of descriptor: Int32) -> Int? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { pointer in
            // The port stands at the same place in addresses of both families.
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                getsockname(descriptor, address, &length) == 0
            }
                ? pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { Int(UInt16(bigEndian: $0.pointee.sin_port)) }
                : nil
        }
    }
}

/// An address that cannot be listened at.
package struct ListeningFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package var address: ListeningSocket.Address
    package var reason: String

    package var description: String { "\(address) cannot be listened at: \(reason)" }
}

/// The files that this process may open.
enum OpenFiles {
    /// Files beside connections: the store, logs, the library's own.
    private static let others = 128

    /// Raises this process's limit as far as it goes.
    ///
    /// - Returns: how many connections it leaves room for.
    static func connections(atMost most: Int) -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return min(most, 512) }
        let wanted = min(rlim_t(most + others), limit.rlim_max)
        if limit.rlim_cur < wanted {
            limit.rlim_cur = wanted
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        return max(16, min(most, Int(clamping: limit.rlim_cur) - others))
    }
}
