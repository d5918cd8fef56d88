import Records

/// How much of a file is read that is merely looked into, as `data.ingest` would read it.
struct SurveyLimits {
    /// Of one file.
    var records = 1000
    /// Of a file's rows; and of a file that makes sense only when all is read.
    var bytes = 32 << 20
    /// Mistakes in one file, after which it is left.
    var faults = 20

    /// Whether another record is read.
    func allow(records: Int, bytes: Int, faults: Int) -> Bool {
        records < self.records && bytes < self.bytes && faults < self.faults
    }
}

/// Ends the reading of a file of which enough was read.
struct SurveyEnd: Error {}

/// What is wrong with a record, or with a file.
struct RowFault {
    /// `nil` where the reason begins with it.
    var place: RecordPlace?
    /// The byte of the record's line; `nil` where nobody knows.
    var offset: Int?
    /// A sentence without a full stop.
    var reason: String
}
