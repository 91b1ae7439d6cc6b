# Calls of Debian's libsphinx-search-perl: a line for each, with the decoded answer.
#
# perl api.pl PORT INDEX ONE_PORT ONE_INDEX; ONE_INDEX is asked for what masters refuse.
use strict;
use warnings;

use JSON::PP;
use Sphinx::Search;

my ($port, $index, $one_port, $one_index) = @ARGV;
my $json = JSON::PP->new->canonical->allow_nonref->latin1;

sub client {
    my $made = Sphinx::Search->new;
    $made->SetServer("127.0.0.1", shift // $port);
    return $made;
}

sub tell_it {
    my ($name, $made, $answer) = @_;
    for my $result (ref $answer eq "ARRAY" ? @$answer : $answer) {
        delete $result->{time} if ref $result eq "HASH";
    }
    print "$name ", $json->encode([$answer, $made->GetLastError, $made->GetLastWarning]), "\n";
}

sub query {
    my ($name, $text, $set_up) = @_;
    my $made = client();
    $set_up->($made) if $set_up;
    tell_it($name, $made, scalar $made->Query($text, $index));
}

query("all", "hello");
query("nothing", "nowhere");
query("weights", "hello", sub { $_[0]->SetWeights([10, 3]) });
query("field weights", "hello", sub { $_[0]->SetFieldWeights({ title => 10, body => 3 }) });
query("index weights", "hello", sub { $_[0]->SetIndexWeights({ $index => 7 }) });
query("window", "hello", sub { $_[0]->SetLimits(1, 2, 5) });
query("ids", "hello", sub { $_[0]->SetIDRange(2, 4) });
query("values", "hello", sub { $_[0]->SetFilter("gid", [10, 30]) });
query("range", "hello", sub { $_[0]->SetFilterRange("big", -10, 60) });
query("floats", "hello", sub { $_[0]->SetFilterFloatRange("fl", 0.5, 5) });
query("order", "hello", sub { $_[0]->SetSortMode(SPH_SORT_EXTENDED, "gid desc, big asc") });
query("extended", "hello | test", sub { $_[0]->SetMatchMode(SPH_MATCH_EXTENDED2) });
query("scan", "", sub { $_[0]->SetMatchMode(SPH_MATCH_FULLSCAN) });
query("groups", "", sub {
    $_[0]->SetSelect("gid, count(*) c");
    $_[0]->SetGroupBy("gid", SPH_GROUPBY_ATTR, "\@count desc, \@group asc");
});
query("bad order", "hello", sub { $_[0]->SetSortMode(SPH_SORT_EXTENDED, "nope desc") });

my $batch = client();
$batch->AddQuery("hello", $index);
$batch->AddQuery("hello", "nope");
$batch->AddQuery("test", $index);
tell_it("a batch", $batch, $batch->RunQueries);

my $kept = client();
$kept->Open;
tell_it("kept: $_", $kept, scalar $kept->Query($_, $index)) for qw(hello test world);
$kept->Close;

my $updated = client();
tell_it("update", $updated, $updated->UpdateAttributes($index, ["gid"], { 1 => [10], 99 => [1] }));
tell_it("no such column", $updated, $updated->UpdateAttributes($index, ["no"], { 1 => [10] }));
tell_it("no such index", $updated, $updated->UpdateAttributes("nope", ["gid"], { 1 => [10] }));

my $one = client($one_port);
my $documents = ["hello world, this is a test", "nothing of it"];
tell_it("excerpts", $one, $one->BuildExcerpts($documents, $one_index, "hello test"));
tell_it("keywords", $one, $one->BuildKeywords("hello worlds", $one_index, 1));
tell_it("words alone", $one, $one->BuildKeywords("hello worlds", $one_index, 0));
