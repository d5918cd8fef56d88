/// Where a record stands: in which file, and at which line or row of it.
package struct RecordPlace: Hashable, Sendable, CustomStringConvertible {
    /// What is counted.
    package enum Unit: String, Sendable {
        case line
        case row
    }

    package let file: String
    package let unit: Unit
    /// From 1; 0 stands for the whole file.
    package let number: Int

    package init(file: String, _ unit: Unit = .row, _ number: Int = 0) {
        (self.file, self.unit, self.number) = (file, unit, number)
    }

    package var description: String { number == 0 ? file : "\(file), \(unit.rawValue) \(number)" }
}

/// Why a file cannot be read on: a sentence with the place.
package struct RecordError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
    init(_ place: RecordPlace, _ reason: String) { description = "\(place): \(reason)" }
}

/// Why one record cannot be read, though those behind it can: a sentence without the place.
package struct DamagedRecord: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    /// The byte of the record's line at which it is damaged; `nil` where nobody knows.
    package let offset: Int?

    init(_ description: String, at offset: Int? = nil) { (self.description, self.offset) = (description, offset) }
}
