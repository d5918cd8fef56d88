/// Reads one HTTP/1.1 response as its bytes come (RFC 9112): its status, and its body without the framing.
struct ResponseReader {
    private enum State: Hashable {
        case head
        /// So many bytes are missing.
        case body(Int)
        /// The end of the connection is the end of the body.
        case bodyUntilEnd
        case chunkSize
        case chunk(Int)
        case chunkEnd
        case trailer
        case whole
    }

    /// 0 until the first line is there.
    private(set) var status = 0
    /// Whether the connection can take the next request.
    private(set) var keepsConnection = true
    /// Whether any byte has come.
    private(set) var hasBegun = false
    private var state = State.head
    /// The beginning of a line whose end has not come yet.
    private var line: [UInt8] = []
    private var headBytes = 0
    private var isChunked = false
    private var length: Int?

    /// Bytes of all lines beside the body.
    private static let mostHeadBytes = 256 << 10

    var isWhole: Bool { state == .whole }

    /// - Parameter body: gets the status and the body's bytes, piece by piece.
    mutating func read(
        _ bytes: UnsafeRawBufferPointer, body: (Int, UnsafeRawBufferPointer) -> Void
    ) throws(MalformedResponse) {
        var rest = bytes
        if !rest.isEmpty { hasBegun = true }
        while !rest.isEmpty {
            switch state {
            case .whole: throw MalformedResponse("bytes came behind its end")
            case .body(let missing):
                let count = min(missing, rest.count)
                body(status, rest.before(count))
                state = missing == count ? .whole : .body(missing - count)
                rest = rest.from(count)
            case .bodyUntilEnd:
                body(status, rest)
                return
            case .chunk(let missing):
                let count = min(missing, rest.count)
                body(status, rest.before(count))
                state = missing == count ? .chunkEnd : .chunk(missing - count)
                rest = rest.from(count)
            case .head, .chunkSize, .chunkEnd, .trailer:
                guard let end = rest.firstIndex(of: 0x0A) else {
                    try keep(rest)
                    return
                }
                try keep(rest.before(end))
                rest = rest.from(end + 1)
                if line.last == 0x0D { line.removeLast() }
                try finishLine()
                line.removeAll(keepingCapacity: true)
            }
        }
    }

    /// The connection has ended.
    ///
    /// - Returns: whether the response is whole.
    mutating func end() -> Bool {
        keepsConnection = false
        if state == .bodyUntilEnd { state = .whole }
        return isWhole
    }

    private mutating func keep(_ bytes: UnsafeRawBufferPointer) throws(MalformedResponse) {
        headBytes += bytes.count
        guard headBytes <= Self.mostHeadBytes else { throw MalformedResponse("its head has no end") }
        line.append(contentsOf: bytes)
    }

    private mutating func finishLine() throws(MalformedResponse) {
        switch state {
        case .chunkSize:
            let digits = line.prefix { $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: " ") }
            guard digits.count <= 12, let size = Int(String(decoding: digits, as: UTF8.self), radix: 16), size >= 0 else {
                throw MalformedResponse("the size of a chunk is no number")
            }
            state = size == 0 ? .trailer : .chunk(size)
            headBytes = 0
        case .chunkEnd:
            guard line.isEmpty else { throw MalformedResponse("a chunk is longer than it says") }
            state = .chunkSize
        case .trailer: if line.isEmpty { state = .whole }
        default: try finishHeadLine()
        }
    }

    private mutating func finishHeadLine() throws(MalformedResponse) {
        let text = String(decoding: line, as: UTF8.self)
        if status == 0 {
            let words = text.split(separator: " ", maxSplits: 2)
            guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let code = Int(words[1]), (100..<600).contains(code) else {
                throw MalformedResponse("its first line is no status")
            }
            status = code
            keepsConnection = words[0] != "HTTP/1.0"
        } else if text.isEmpty {
            try finishHead()
        } else if let colon = text.firstIndex(of: ":") {
            let value = text[text.index(after: colon)...].lowercased().filter { $0 != " " && $0 != "\t" }
            switch text[..<colon].lowercased() {
            case "content-length": length = Int(value)
            case "transfer-encoding": isChunked = value.hasSuffix("chunked")
            case "connection": keepsConnection = value == "keep-alive" || keepsConnection && value != "close"
            default: break
            }
        }
    }

    private mutating func finishHead() throws(MalformedResponse) {
        headBytes = 0
        if status < 200 {
            // An interim response: the real one follows.
            status = 0
        } else if status == 204 || status == 304 {
            state = .whole
        } else if isChunked {
            state = .chunkSize
        } else if let length {
            guard length >= 0 else { throw MalformedResponse("its length is negative") }
            state = length == 0 ? .whole : .body(length)
        } else {
            keepsConnection = false
            state = .bodyUntilEnd
        }
    }
}

/// A server's answer is not HTTP.
struct MalformedResponse: Error, Hashable {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}

extension UnsafeRawBufferPointer {
    func before(_ end: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self[..<end]) }
    func from(_ start: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self[start...]) }
}
