/// What the files of a recipe's data say of the work that its rows make: how many there are, and how long their parts.
package struct RowFigures: Codable, Hashable, Sendable {
    /// By set; `nil` where not all files were read to their ends.
    package var rows: [String: Int]?
    /// Bytes of what a row asks, its background among it; the mean of the rows that were read, as all that follows.
    package var question = 0.0
    /// Bytes of its answer.
    package var answer = 0.0
    /// Functions that it lists.
    package var listed = 0.0
    /// Bytes of a function's name, and of the names and types of its arguments.
    package var signature = 0.0
    /// Bytes of the line of a function that its descriptions are part of.
    package var described = 0.0

    package init() {}
}
