import CanonicalJSON
import Foundation

extension Store {
    /// The last run of a stage commit that was noted; `nil` where none was.
    package func run(of commit: CommitID) throws(StoreError) -> RunNote? {
        try repository.withLock { repository throws(StoreError) in
            try RunNotes.note(of: commit, in: repository).flatMap(RunNote.init(json:))
        }
    }
}

extension RunNote {
    /// Reads a note back; `nil` where a field is missing or of another type.
    init?(json: JSON) {
        guard let host = json["host"]?.string, let text = json["started"]?.string,
            let started = try? Date(text, strategy: .iso8601), let seconds = json["seconds"]?.double
        else { return nil }
        self.init(host: host, started: started, seconds: seconds, peakMemory: json["peak_memory"]?.integer)
    }
}
