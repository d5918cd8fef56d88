import CanonicalJSON
import Foundation

/// A client of HTTP/1.1 on this machine that says exactly what it is told, byte by byte if need be, and may go away at any time.
package final class LoopbackClient {
    package struct Response {
        package var status: Int
        /// Names in lower case.
        package var headers: [String: String]
        /// Without the marks of its chunks.
        package var body: [UInt8]

        package var text: String { String(decoding: body, as: UTF8.self) }
        package var json: JSON { (try? JSON(parsingAsWritten: body)) ?? .null }
        /// The data of server-sent events.
        package var events: [String] {
            text.components(separatedBy: "\n\n").filter { !$0.isEmpty }.map { String($0.dropFirst("data: ".count)) }
        }
    }

    package struct Failure: Error, CustomStringConvertible {
        package var description: String

        package init(description: String) { self.description = description }
    }

    private let descriptor: Int32
    /// What came and was not taken.
    private var open: [UInt8] = []

    package init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var time = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { throw Failure(description: String(cString: strerror(errno))) }
    }

    deinit { Glibc.close(descriptor) }

    package func send(_ text: String) { send(Array(text.utf8)) }

    package func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// Sends a request with its body.
    package func send(
        _ method: String, _ path: String, body: [UInt8]? = nil, headers: [String] = ["Content-Type: application/json"]
    ) {
        let length = body.map { ["Content-Length: \($0.count)"] } ?? []
        let head = ["\(method) \(path) HTTP/1.1", "Host: localhost"] + headers + length
        send(Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8) + (body ?? []))
    }

    /// The next response.
    package func response() throws -> Response {
        let head = try take(through: "\r\n\r\n")
        let lines = String(decoding: head, as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count >= 2, let status = Int(words[1]) else { throw Failure(description: "no response: \(lines[0])") }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            headers[line[..<colon].lowercased()] = value
        }
        var body: [UInt8] = []
        if headers["transfer-encoding"] == "chunked" {
            while let chunk = try takeChunk() { body += chunk }
        } else if let length = headers["content-length"].flatMap({ Int($0) }) {
            while open.count < length { try read() }
            body = Array(open[..<length])
            open.removeFirst(length)
        }
        return Response(status: status, headers: headers, body: body)
    }

    /// Bytes through a text.
    package func take(through end: String) throws -> [UInt8] {
        let end = Array(end.utf8)
        while true {
            if let range = open.firstRange(of: end) {
                defer { open.removeSubrange(..<range.upperBound) }
                return Array(open[..<range.upperBound])
            }
            try read()
        }
    }

    /// Whether the server closes the connection, within half a minute.
    package func isClosed() -> Bool {
        do {
            while true { try read() }
        } catch {
            return error.description == Self.closed
        }
    }

    private static let closed = "the connection is closed"

    private func takeChunk() throws -> [UInt8]? {
        let line = String(decoding: try take(through: "\r\n").dropLast(2), as: UTF8.self)
        guard let length = Int(line, radix: 16) else { throw Failure(description: "no chunk: \(line)") }
        while open.count < length + 2 { try read() }
        defer { open.removeFirst(length + 2) }
        return length == 0 ? nil : Array(open[..<length])
    }

    private func read() throws(Failure) {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count == 0 || count < 0 && errno == ECONNRESET { throw Failure(description: Self.closed) }
        guard count > 0 else { throw Failure(description: String(cString: strerror(errno))) }
        open += buffer[..<count]
    }
}

extension LoopbackClient {
    /// One request over a connection of its own.
    package static func get(_ path: String, port: Int, headers: [String] = []) throws -> Response {
        let client = try LoopbackClient(port: port)
        client.send("GET", path, headers: headers)
        return try client.response()
    }

    /// One request over a connection of its own.
    package static func post(_ path: String, _ json: JSON, port: Int, headers: [String] = []) throws -> Response {
        let client = try LoopbackClient(port: port)
        client.send("POST", path, body: json.writtenBytes, headers: ["Content-Type: application/json"] + headers)
        return try client.response()
    }
}
