import Foundation
import Synchronization

/// The keys with which clients may ask, and how much each may ask.
///
/// A file has a key a line: a name for it, the key, and perhaps `concurrent=N` and `per_minute=N`. `#` starts a comment.
package final class APIKeys: Sendable {
    /// What is wrong with a file of keys.
    package struct Fault: Error, Hashable, Sendable, CustomStringConvertible {
        package var line: Int
        package var reason: String

        package var description: String { "line \(line): \(reason)" }
    }

    private struct Key: Sendable {
        var name: String
        var bytes: [UInt8]
        /// Requests at one time, and in a minute; `nil` for any number.
        var concurrent: Int?
        var perMinute: Int?
    }

    private struct Use {
        var running = 0
        /// What is left of a minute's requests, and when that was so.
        var left = 0.0
        var time = 0.0
    }

    /// Fewer characters could be guessed.
    private static let leastLength = 16

    private let keys: [Key]
    private let uses: Mutex<[Use]>

    package init(parsing text: String) throws(Fault) {
        var keys: [Key] = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).map(String.init)
            guard !words.isEmpty else { continue }
            let key = try Self.key(words, line: number + 1)
            guard !keys.contains(where: { $0.name == key.name || $0.bytes == key.bytes }) else {
                throw Fault(line: number + 1, reason: "'\(key.name)' or its key stands there twice")
            }
            keys.append(key)
        }
        guard !keys.isEmpty else { throw Fault(line: 1, reason: "there is no key") }
        self.keys = keys
        let now = MonotonicTime.now
        uses = Mutex(keys.map { Use(left: Double($0.perMinute ?? 0), time: now) })
    }

    private static func key(_ words: [String], line: Int) throws(Fault) -> Key {
        guard words.count >= 2 else { throw Fault(line: line, reason: "a line has a name and a key") }
        guard words[1].utf8.count >= leastLength else {
            throw Fault(line: line, reason: "the key of '\(words[0])' has fewer than \(leastLength) characters")
        }
        var key = Key(name: words[0], bytes: Array(words[1].utf8))
        for word in words.dropFirst(2) {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, let number = Int(parts[1]), number > 0 else {
                throw Fault(line: line, reason: "'\(word)' is neither concurrent=N nor per_minute=N")
            }
            switch parts[0] {
            case "concurrent": key.concurrent = number
            case "per_minute": key.perMinute = number
            default: throw Fault(line: line, reason: "'\(word)' is neither concurrent=N nor per_minute=N")
            }
        }
        return key
    }

    /// Held by a request as long as it is answered.
    final class Permit: Sendable {
        let name: String
        private let place: Int
        private let keys: APIKeys

        fileprivate init(_ place: Int, of keys: APIKeys) {
            (self.place, self.keys) = (place, keys)
            name = keys.keys[place].name
        }

        deinit { keys.uses.withLock { $0[place].running -= 1 } }
    }

    /// Whether a header, as it came, has one of the keys.
    func knows(_ header: String?) -> Bool { place(of: header) != nil }

    /// What the key of a header, as it came, is called; `nil` for none of the keys.
    func name(of header: String?) -> String? { place(of: header).map { keys[$0].name } }

    /// Lets a request in.
    ///
    /// - Parameter header: `Authorization`, as it came.
    /// - Throws: where the key is unknown, or asks too much.
    func admit(_ header: String?) throws(APIError) -> Permit {
        guard let place = place(of: header) else { throw APIError.unauthorized }
        let key = keys[place]
        let now = MonotonicTime.now
        let wait = uses.withLock { uses -> Double? in
            var use = uses[place]
            defer { uses[place] = use }
            if let most = key.concurrent, use.running >= most { return 1 }
            if let most = key.perMinute.map({ Double($0) }) {
                use.left = min(most, use.left + (now - use.time) * most / 60)
                use.time = now
                guard use.left >= 1 else { return (1 - use.left) * 60 / most }
                use.left -= 1
            }
            use.running += 1
            return nil
        }
        if let wait {
            throw APIError.busy(
                "the key '\(key.name)' asks more than it may", retryAfter: max(1, Int(wait.rounded(.up))),
                code: "rate_limit_exceeded")
        }
        return Permit(place, of: self)
    }

    /// The key's place. Every key is compared to its end, so that the time says nothing of how much of one is right.
    private func place(of header: String?) -> Int? {
        guard let header, header.lowercased().hasPrefix("bearer ") else { return nil }
        let given = Array(header.dropFirst(7).utf8)
        var found: Int?
        for (place, key) in keys.enumerated() where Self.areEqual(given, key.bytes) { found = place }
        return found
    }

    private static func areEqual(_ given: [UInt8], _ wanted: [UInt8]) -> Bool {
        var difference = UInt(bitPattern: given.count ^ wanted.count)
        for place in wanted.indices {
            difference |= UInt(wanted[place] ^ (place < given.count ? given[place] : 0))
        }
        return difference == 0
    }
}
