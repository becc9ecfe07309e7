//! What may be wrong with a store, and for each such thing the test of the certificate that finds it.

/// Declares what may be wrong, and what the test that finds it is called.
macro_rules! faults {
    ($($test:literal: $($fault:ident $what:literal)*;)*) => {
        /// What is wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Fault {
            Nothing,
            $($(#[doc = $what] $fault,)*)*
        }

        pub(crate) const FAULTS: &[(Fault, &str)] = &[$($((Fault::$fault, $test),)*)*];
    };
}

faults! {
    "keys are bytes: 1 to 128, any, never folded":
        KeysAreText "Keys that are not UTF-8 are made so."
        KeysAreCut "Its column for keys has 64 bytes.";
    "a wrong version is a conflict that shows the entry":
        VersionsFoldCase "The collation of versions does not know capital letters."
        VersionsAreTrimmed "Versions are a column that is padded, and compared without the padding."
        VersionsAreNumbers "Versions are compared without the zeros before them."
        VersionsAreText "Versions that are not UTF-8 are made so."
        VersionsAreCut "Versions are compared by their first eight bytes.";
    "a list is whole and in the order of bytes, whatever its pages":
        PagesAreCut "A page is an entry short, and the next begins after it."
        TheLastPageIsLost "What does not fill a page is not listed."
        TheCursorIsLost "The first page says that it is the last."
        TheCursorIsIgnored "Each page is the first."
        TheCursorIsListed "A page begins with the key that it should begin after."
        OrderOfWriting "A list is in the order in which entries were written."
        OrderOfText "A list is in the order of a dictionary."
        OrderOfLength "Shorter keys come first."
        OrderOfSignedBytes "Bytes from 128 on are negative."
        OrderIsReversed "The latest key comes first.";
    "a list takes its value byte for byte":
        ValuesFoldCase "The collation of the index does not know capital letters."
        ValuesArePrefixes "A list has what begins with its value."
        ValuesArePatterns "A list is a LIKE, in which an underscore is any letter."
        ValuesAreTrimmed "The index is compared without spaces and zeros at the end."
        ValuesAreCut "The index has the first 32 bytes of a value."
        ValuesAreText "Values of the index that are not UTF-8 are made so."
        SubjectsAreClients "A list by subject has what belongs to a client of that name, too.";
    "a list shows every write, on every connection":
        ListsAreCached "What a list has given is given once more."
        ListsShowTheFirstState "The index holds the entry as it was when it came in."
        DeletedIsListed "A delete leaves the index."
        MovedIsListedTwice "A replace adds to the index and takes nothing from it."
        IndexIsOfTheInsert "A replace does not change the index.";
    "a list has what has expired as long as it is kept":
        ExpiredIsHidden "A list leaves out what has expired."
        SweptBeforeTime "A sweep takes from the index what has expired, however lately.";
    "no load, conflict, limit or sweep costs an index":
        ALoadCostsTheIndex "What was loaded is not listed any more."
        AConflictCostsTheIndex "What refused a write is not listed any more."
        AConflictTakesTheIndex "What was refused has changed the index."
        ALimitCostsTheIndex "A limit of the same key takes the entry's index."
        ASweepCostsTheIndex "A sweep empties the index."
        ReplacedIsLost "A replace by the same index takes it away.";
    "a list is whole while others write":
        PagesAreCounted "A page begins after as many entries as the pages before it had.";
    "a list of 1100 entries is whole":
        ListsEndAtAThousand "No list has more than a thousand entries.";
    "a clock that is told runs and is right":
        ClockStands "The clock is that of the start."
        ClockCountsSeconds "The clock has no milliseconds."
        ClockIsInSeconds "The clock is told in seconds."
        ClockIsInAnotherZone "The clock is an hour off.";
    "a steady rate is exact":
        LimitsInAnotherZone "The clock of the limits is an hour off.";
    "idle time earns no more than the burst":
        IdleTimeIsSaved "A limit goes on from its last event, however long ago that was."
        IdleTimeIsSavedByOwnClock "The same, by a clock of its own."
        LimitsClockStands "The clock of the limits is that of the start."
        LimitsClockCountsSeconds "The clock of the limits has no fractions.";
    "limits are independent, of entries too":
        LimitsKeysAreCut "Keys of limits have 32 bytes."
        LimitsKeysFoldCase "Keys of limits do not know capital letters.";
    "a cost counts as so many events, and 0 as none":
        NoCostIsOne "A cost of 0 is taken for 1."
        CostsAreOne "Every cost is taken for 1."
        NoCostIsDenied "A cost of 0 is denied.";
    "a limit is remembered for as long as it says":
        LimitsAreForgotten "A limit is forgotten a minute after its last event.";
    "of 21000 entries none is evicted":
        EntriesAreEvicted "Of more than 20 000 entries the oldest go.";
    "of 10500 limits none is evicted":
        LimitsAreEvicted "Of more than 10 000 limits the oldest go.";
}
