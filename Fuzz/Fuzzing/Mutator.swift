import CanonicalJSON

/// Makes an input out of seeds: bits turned, pieces taken out, doubled, moved or taken from another seed, numbers made
/// absurd, brackets opened many times.
struct Mutator {
    var random: FuzzRandom
    let seeds: [[UInt8]]
    let words: [String]

    private static let mostBytes = 1 << 18
    static let numbers = [
        "0", "-1", "1", "255", "65536", "2147483647", "2147483648", "-2147483648", "4294967296", "9007199254740993",
        "9223372036854775807", "-9223372036854775808", "9223372036854775808", "18446744073709551615", "1e308", "1e999",
        "-1e-999",
        "0.5", "1.5", "NaN", "Infinity", "-0", "1e18", "9.3e18", "100000", "1000000000",
    ]

    mutating func changedBytes() -> [UInt8] {
        var bytes = random.pick(seeds)
        for _ in 0...random.below(6) { change(&bytes) }
        return Array(bytes.prefix(Self.mostBytes))
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        let place = random.below(bytes.count + 1)
        let end = min(bytes.count, place + 1 + random.below(random.below(4) == 0 ? 200 : 8))
        switch random.below(11) {
        case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8(random.below(8))
        case 1 where place < bytes.count:
            bytes[place] = random.pick([0, 0xFF, 0x7F, 0x80, 0x22, 0x7B, 0x5B, 0x0A, 0x3A, 0x2D, 0x20, 0xC3])
        case 2: bytes.removeSubrange(place..<end)
        case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
        case 4: bytes.insert(contentsOf: (0...random.below(8)).map { _ in UInt8(random.below(256)) }, at: place)
        case 5:
            let other = random.pick(seeds)
            let start = random.below(other.count + 1)
            bytes.insert(contentsOf: other[start..<min(other.count, start + random.below(64))], at: place)
        case 6 where !words.isEmpty: bytes.insert(contentsOf: random.pick(words).utf8, at: place)
        case 7: replaceNumber(in: &bytes, from: place)
        case 8:
            let opening = random.pick(["[", "{", "(", "{\"a\":", "[[", "- ", "List[", "{{", "<", "\"", "'", "!", "&a *a "])
            bytes.insert(contentsOf: String(repeating: opening, count: 1 << random.below(15)).utf8, at: place)
        case 9: setInteger(in: &bytes, at: place)
        case 10: bytes.removeSubrange(place...)
        default: break
        }
    }

    /// A number's digits become others.
    private mutating func replaceNumber(in bytes: inout [UInt8], from place: Int) {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard let start = bytes[min(place, bytes.count)...].firstIndex(where: digits.contains) else { return }
        let end = bytes[start...].firstIndex { !digits.contains($0) } ?? bytes.count
        bytes.replaceSubrange(start..<end, with: random.pick(Self.numbers).utf8)
    }

    /// Four or eight bytes become an integer of those that break sums.
    private mutating func setInteger(in bytes: inout [UInt8], at place: Int) {
        let width = random.below(2) == 0 ? 4 : 8
        guard place + width <= bytes.count else { return }
        let values: [UInt64] = [
            0, 1, 2, 0x7F, 0xFF, 0xFFFF, 1 << 31, 1 << 32, .max, .max >> 1, .max >> 1 + 1, 1 << 40, 1 << 62,
        ]
        let value = random.pick(values)
        for index in 0..<width { bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    }

    /// A JSON text whose values are changed; one in four is changed as bytes.
    mutating func changedJSON() -> [UInt8] {
        guard random.below(4) > 0, var json = try? JSON(parsingAsWritten: random.pick(seeds)) else { return changedBytes() }
        for _ in 0...random.below(3) { json = changed(json, depth: 0) }
        return json.canonicalBytes
    }

    private mutating func changed(_ json: JSON, depth: Int) -> JSON {
        if depth > 0, random.below(4) == 0 { return value() }
        switch json {
        case .array(var elements) where !elements.isEmpty:
            let place = random.below(elements.count)
            switch random.below(6) {
            case 0: elements.remove(at: place)
            case 1: elements.insert(elements[place], at: place)
            default: elements[place] = changed(elements[place], depth: depth + 1)
            }
            return .array(elements)
        case .object(let object) where !object.members.isEmpty:
            var members = object.members
            let key = random.pick(members.keys.sorted())
            switch random.below(8) {
            case 0: members[key] = nil
            case 1: members[random.pick(members.keys.sorted())] = members[key]
            case 2: members[key + random.pick(["", " ", "x", "\u{0}"])] = value()
            default: members[key] = members[key].map { changed($0, depth: depth + 1) }
            }
            return .object(members)
        case .integer(let number): return random.below(2) == 0 ? .integer(number &+ Int64(random.below(5)) &- 2) : value()
        case .string(let text):
            guard random.below(2) == 0, let word = words.randomElement(using: &random) else { return value() }
            return .string(random.below(2) == 0 ? word : text + word)
        default: return value()
        }
    }

    private mutating func value() -> JSON {
        switch random.below(9) {
        case 0...2:
            .integer(
                random.pick([0, 1, -1, 2, 7, 255, 65_536, 1 << 31, -(1 << 31), 1 << 32, 1 << 53, 1 << 62, .max, .min, 100_000]))
        case 3: .real(random.pick([0.5, -0.5, 1e-300, 1e300, 1.5, 1e19, -1e19, 0.1]))
        case 4:
            .string(
                random.pick([
                    "", "a", "\u{0}", "é", "e\u{301}", "\u{202E}", "../x", "/etc/passwd", "true", "123", "\u{1B}[2J",
                    String(repeating: "A", count: 1000), String(repeating: "List[", count: 20_000),
                ]))
        case 5: .null
        case 6: .bool(random.below(2) == 0)
        case 7: random.below(2) == 0 ? [] : [:]
        default: (0..<random.below(200)).reduce(JSON.integer(1)) { inner, _ in random.below(2) == 0 ? [inner] : ["a": inner] }
        }
    }
}
