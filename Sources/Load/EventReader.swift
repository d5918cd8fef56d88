/// Reads a stream of server-sent events as its bytes come (HTML Living Standard, 9.2): the data of each event.
struct EventReader {
    /// The beginning of a line whose end has not come yet.
    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private var endedInReturn = false
    private(set) var isTooLong = false

    /// Bytes of one event.
    private static let mostBytes = 16 << 20

    /// - Parameter event: gets the data of each event that is whole.
    mutating func read(_ bytes: UnsafeRawBufferPointer, event: ([UInt8]) -> Void) {
        var rest = bytes
        // A line may end in a return and a line feed, and these may come apart.
        if endedInReturn, let byte = rest.first {
            endedInReturn = false
            if byte == Self.lineFeed { rest = rest.from(1) }
        }
        while !rest.isEmpty {
            guard let end = rest.firstIndex(where: { $0 == Self.lineFeed || $0 == Self.carriageReturn }) else {
                keep(rest)
                return
            }
            keep(rest.before(end))
            finishLine(event)
            line.removeAll(keepingCapacity: true)
            var next = end + 1
            if rest[end] == Self.carriageReturn {
                if next == rest.count {
                    endedInReturn = true
                } else if rest[next] == Self.lineFeed {
                    next += 1
                }
            }
            rest = rest.from(next)
        }
    }

    private mutating func keep(_ bytes: UnsafeRawBufferPointer) {
        guard line.count + data.count + bytes.count <= Self.mostBytes else {
            isTooLong = true
            return
        }
        line.append(contentsOf: bytes)
    }

    private mutating func finishLine(_ event: ([UInt8]) -> Void) {
        guard !line.isEmpty else {
            if hasData { event(data) }
            data.removeAll(keepingCapacity: true)
            hasData = false
            return
        }
        guard line.starts(with: Self.field) else { return }
        // `data` alone is an empty line of data; `database` is another field.
        var start = Self.field.count
        guard line.count == start || line[start] == UInt8(ascii: ":") else { return }
        if line.count > start { start += 1 }
        if line.count > start, line[start] == UInt8(ascii: " ") { start += 1 }
        if hasData { data.append(Self.lineFeed) }
        data.append(contentsOf: line[start...])
        hasData = true
    }

    private static let lineFeed = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")
    private static let field = Array("data".utf8)
}
