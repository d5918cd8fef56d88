import BuildModel
import Records

/// Which rows there were: their ids, contents and places, as hashes, so that millions fit in memory.
struct RowIdentities {
    /// What a row is among those before it.
    enum Finding {
        case new
        /// Equal to an earlier row in every member.
        case equal
        /// Another row had its id.
        case idTaken(RecordPlace)
    }

    private struct Entry {
        var content: Fingerprint
        var place: CompactPlace
    }

    private var entries: [Fingerprint: Entry] = [:]
    /// Of rows whose ids were made: their contents without the id.
    private var contents: Set<Fingerprint> = []
    private var places = PlaceNames()

    /// Takes in a row with an id of its own, unless such an id was there.
    ///
    /// - Parameter content: the row's bytes.
    mutating func take(id: String, content: [UInt8], place: RecordPlace) -> Finding {
        let entry = Entry(content: Fingerprint(content), place: places.compact(place))
        let key = Fingerprint(id.utf8)
        if let earlier = entries[key] {
            return earlier.content == entry.content ? .equal : .idTaken(places.place(earlier.place))
        }
        entries[key] = entry
        return .new
    }

    /// Where the row with an id stands; `nil` where there is none.
    func place(of id: String) -> RecordPlace? { entries[Fingerprint(id.utf8)].map { places.place($0.place) } }

    /// Takes in a row without an id of its own, unless an equal one was there.
    ///
    /// - Parameter content: the row's bytes, without an id.
    mutating func takeContent(_ content: [UInt8]) -> Finding {
        contents.insert(Fingerprint(content)).inserted ? .new : .equal
    }
}

/// The first half of a SHA-256.
struct Fingerprint: Hashable {
    private let words: (UInt64, UInt64)

    init(_ bytes: some Sequence<UInt8>) { words = Digest(hashing: bytes).firstWords }

    static func == (left: Fingerprint, right: Fingerprint) -> Bool { left.words == right.words }

    func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

/// A place in eight bytes.
private struct CompactPlace {
    var file: UInt32
    var number: UInt32
}

/// The files and units that compact places stand for.
private struct PlaceNames {
    private var names: [RecordPlace] = []

    mutating func compact(_ place: RecordPlace) -> CompactPlace {
        let whole = RecordPlace(file: place.file, place.unit)
        // Files come one after the other.
        let file = names.lastIndex(of: whole) ?? names.count
        if file == names.count { names.append(whole) }
        return CompactPlace(file: UInt32(truncatingIfNeeded: file), number: UInt32(clamping: place.number))
    }

    func place(_ compact: CompactPlace) -> RecordPlace {
        let whole = names[Int(compact.file)]
        return RecordPlace(file: whole.file, whole.unit, Int(compact.number))
    }
}
